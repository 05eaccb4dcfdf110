import { expect, it } from 'vitest';
import { looking } from './looking.js';

it('a look that takes its time is named, with how fast it goes and how long it still takes', async () => {
  const { look, text } = looking(0);
  expect(text(0)).toBe(`${'░'.repeat(24)} 0 % looking at this machine`);
  await Promise.all((['node', 'disk', 'traces', 'vectors'] as const).map((name) => look(name, Promise.resolve())));
  let end = () => {};
  const slow = look(
    'actors',
    new Promise<void>((resolve) => {
      end = resolve;
    }),
  );
  expect(text(2_000)).toBe(`${'█'.repeat(6)}${'░'.repeat(18)} 24 % looking at actors, 2.0 looks/s, 6.5 s left`);
  end();
  await slow;
  expect(text(2_000)).toContain('29 % looking at this machine');
});

it('what fails is looked at, too', async () => {
  const { look, text } = looking(0);
  await expect(look('bus', Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(text(1_000)).toContain('6 %');
});
