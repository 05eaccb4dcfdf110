// A new system gets the five default masters, so that the first task has somewhere to go; a registry with any master is left alone.
import { type Bus, openMasters, provisionMaster } from '@cortex/bus';
import { defaultMasters } from './defaults.js';

export async function seedMasters(bus: Bus): Promise<{ seeded: string[]; masters: string[] }> {
  const registry = await openMasters(bus);
  try {
    const seeded: string[] = [];
    if (registry.list().length === 0) {
      for (const master of defaultMasters()) {
        await provisionMaster(bus, master.name);
        await registry.put(master);
        seeded.push(master.name);
      }
    }
    return { seeded, masters: registry.list().map((master) => master.name) };
  } finally {
    await registry.close();
  }
}
