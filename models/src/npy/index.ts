// Matrices in NumPy's file format.
export { appendNpy, countNpy, type Npy, NpyInvalid, readNpy } from './npy.js';
