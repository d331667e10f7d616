throw new Error("the module is broken");

// An export, so that the file is a module.
export {};
