// Texts for load: made from the default masters' kinds of work, no two alike, of three lengths. Not for measuring accuracy.

export type TextLength = 'short' | 'medium' | 'long';

const VERBS = [
  'Investigate',
  'Fix',
  'Review',
  'Document',
  'Deploy',
  'Roll back',
  'Scan',
  'Audit',
  'Update',
  'Catalogue',
];
const THINGS = [
  'the flaky integration test of the payment service',
  'the memory leak in the image resizer',
  'the leaked credentials in the build log',
  'the outdated dependencies of the gateway',
  'the pipeline that fails on the release branch',
  'the list of repositories nobody owns',
  'the slow query behind the search page',
  'the certificate that expires next week',
  'the missing documentation of the public interface',
  'the blue-green deployment of the web shop',
];
const WHY = [
  'Customers reported it twice since Monday and the workaround does not hold.',
  'The last attempt changed the retry policy, which made it rarer but not gone.',
  'Logs show a time-out of thirty seconds in the connection pool right before it happens.',
  'It blocks the release; the owner of the component is on leave until the end of the month.',
  'Please attach what was found, the commands that were run and their output.',
  'Staging has the same version, yet it never happened there, so look at what differs.',
];

/** Words: about 12, 45 and 200. */
const SENTENCES: Record<TextLength, number> = { short: 0, medium: 2, long: 14 };

/** The n-th text of a length; the same n gives the same text. */
export function textOf(n: number, length: TextLength): string {
  const head = `${VERBS[n % VERBS.length]} ${THINGS[Math.floor(n / VERBS.length) % THINGS.length]}, case ${(n * 7919) % 1_000_003}.`;
  const why = Array.from({ length: SENTENCES[length] }, (_, i) => WHY[(n + i) % WHY.length]);
  return [head, ...why].join(' ');
}
