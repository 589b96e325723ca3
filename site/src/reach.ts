/** Drawings of inputs reach from minus this to this: samples lie between -1 and 1. */
export const REACH = 1.2;
