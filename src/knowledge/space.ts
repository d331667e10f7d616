/** Vectors of different models or sizes are never compared. */
export const spaceOf = (model: string, size: number): string => `${model} ${size}`;
