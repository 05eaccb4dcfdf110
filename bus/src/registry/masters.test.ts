import { InvalidMessage } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { until } from '../testing/nats-server.js';
import { describeOnServer } from '../testing/suite.js';
import { AliasTaken, openMasters, UnknownMaster } from './masters.js';

describeOnServer('the registry of masters', (suite) => {
  it('is the same everywhere a moment after a change, by name, alias and -master form', async () => {
    const here = await openMasters(await suite.connect());
    const there = await openMasters(await suite.connect());
    let changes = 0;
    there.onChange(() => changes++);
    await here.put({ name: 'security-master', description: 'finds holes', aliases: ['sec'] });
    await until('the other to hear', () => there.find('sec')?.name === 'security');
    expect(there.find('security-master')?.name).toBe('security');
    expect(changes).toBeGreaterThan(0);
    await there.change('sec', { status: 'paused' });
    await until('the pause', () => here.find('security')?.status === 'paused');
    expect(here.find('security')?.description).toBe('finds holes');
    await there.remove('security');
    await until('the removal', () => here.find('security') === undefined);
    const late = await openMasters(await suite.connect());
    expect(late.list()).toEqual([]);
    await Promise.all([here.close(), there.close(), late.close()]);
  });

  it('refuses bad fields, taken names and unknown masters by name', async () => {
    const masters = await openMasters(await suite.connect());
    await expect(masters.put({ name: '  ' })).rejects.toBeInstanceOf(InvalidMessage);
    await masters.put({ name: 'development', aliases: ['dev'] });
    await expect(masters.put({ name: 'dev' })).rejects.toBeInstanceOf(AliasTaken);
    await expect(masters.change('nobody', {})).rejects.toBeInstanceOf(UnknownMaster);
    await expect(masters.remove('nobody')).rejects.toThrow(/known: development/);
    await masters.close();
  });

  it('loses no change of two people who change one master at once', async () => {
    const a = await openMasters(await suite.connect());
    const b = await openMasters(await suite.connect());
    await a.put({ name: 'cicd' });
    await until('both see it', () => b.find('cicd'));
    await Promise.all([a.change('cicd', { description: 'builds' }), b.change('cicd', { keywords: ['pipeline'] })]);
    await until(
      'both changes',
      () => a.find('cicd')?.description === 'builds' && a.find('cicd')?.keywords[0] === 'pipeline',
    );
    await Promise.all([a.close(), b.close()]);
  });
});
