import type { Store } from './types.js';
export interface MilvusOptions {
  address: string;
  prefix: string;
  dimensions: number;
}
export async function openMilvus(options: MilvusOptions): Promise<Store> {
  throw new Error(options.address);
}
