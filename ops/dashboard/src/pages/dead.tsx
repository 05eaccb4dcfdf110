// What could not be processed, whole, with the reason; to be put back or dropped.
import { useEffect, useState } from 'preact/hooks';
import { act, get } from '../lib/api.js';
import { ago, moment, plural } from '../lib/format.js';
import { useList } from '../lib/list.js';
import { Act, Dialog, Empty, Facts, Page, Trouble, Verbatim } from '../ui/parts.js';
import type { LetterRow, LetterWhole } from '../wire.js';

const SHOWN = 300;

export function DeadPage() {
  const { data, error, again } = useList<LetterRow[]>('/api/letters', 'dead');
  const [gone, setGone] = useState<ReadonlySet<number>>(new Set());
  const [looked, setLooked] = useState<LetterRow | undefined>(undefined);
  const [stream, setStream] = useState('');
  const letters = (data ?? []).filter((letter) => !gone.has(letter.place));
  const streams = [...new Set(letters.map((letter) => letter.stream))].sort();
  const shown = letters.filter((letter) => stream === '' || letter.stream === stream);
  const run = (kind: string, letter: LetterRow) =>
    void act(kind, { letter: letter.id }).then((ok) => {
      if (!ok) return;
      setGone((was) => new Set([...was, letter.place]));
      setLooked(undefined);
      again();
    });
  return (
    <Page
      title="Dead letters"
      about="What could not be processed is kept here, whole, with the reason. Nothing waits behind it."
      tools={
        streams.length > 1 && (
          <label>
            <span class="hidden">Stream</span>
            <select value={stream} onChange={(event) => setStream(event.currentTarget.value)}>
              <option value="">All streams</option>
              {streams.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        )
      }
    >
      {error !== undefined && <Trouble text={error} />}
      {data === undefined ? (
        <p class="loading">Reading them…</p>
      ) : letters.length === 0 ? (
        <Empty title="No dead letters">
          <p>Everything that came could be processed.</p>
        </Empty>
      ) : (
        <div class="panel scroll">
          <table class="list">
            <thead>
              <tr>
                <th scope="col">Letter</th>
                <th scope="col">When</th>
                <th scope="col">Why</th>
                <th scope="col">Subject</th>
                <th scope="col" class="right">
                  Tries
                </th>
                <th scope="col">
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, SHOWN).map((letter) => (
                <tr key={letter.place}>
                  <th scope="row">
                    <button type="button" class="as-link mono" onClick={() => setLooked(letter)}>
                      {letter.id}
                    </button>
                  </th>
                  <td class="soft nowrap">{ago(letter.at)}</td>
                  <td class="reason">{letter.reason}</td>
                  <td class="mono small">{letter.subject}</td>
                  <td class="right num">{letter.attempts}</td>
                  <td class="right nowrap">
                    <Act
                      small
                      label={`Retry ${letter.id}`}
                      onClick={() => run('retry-letter', letter)}
                      disabled={letter.truncated === true}
                    >
                      Retry
                    </Act>{' '}
                    <Act small kind="danger" label={`Drop ${letter.id}`} onClick={() => run('drop-letter', letter)}>
                      Drop
                    </Act>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {shown.length > SHOWN && <p class="soft">and {shown.length - SHOWN} older ones</p>}
        </div>
      )}
      <Dialog title={looked?.id ?? ''} open={looked !== undefined} onClose={() => setLooked(undefined)} wide>
        {looked && <Letter row={looked} />}
        {looked && (
          <div class="form-end">
            <Act kind="danger" onClick={() => run('drop-letter', looked)}>
              Drop
            </Act>
            <Act kind="main" onClick={() => run('retry-letter', looked)} disabled={looked.truncated === true}>
              Retry
            </Act>
          </div>
        )}
      </Dialog>
    </Page>
  );
}

function Letter({ row }: { row: LetterRow }) {
  const [whole, setWhole] = useState<LetterWhole | undefined>(undefined);
  const [error, setError] = useState('');
  useEffect(() => {
    get<LetterWhole>(`/api/letter?id=${encodeURIComponent(row.id)}`).then(setWhole, (failed: Error) =>
      setError(failed.message),
    );
  }, [row.id]);
  return (
    <>
      <p class="answer">{row.reason}</p>
      <Facts
        rows={[
          ['Subject', <code key="s">{row.subject}</code>],
          ['When', moment(row.at)],
          ['Given up by', row.by],
          ['After', plural(row.attempts, 'try', 'tries')],
          ...(row.trace_id ? ([['Trace', <code key="t">{row.trace_id}</code>]] as const) : []),
        ]}
      />
      {error !== '' && <Trouble text={error} />}
      {whole && (
        <>
          <h3>Headers</h3>
          <Verbatim label="Headers">
            {Object.entries(whole.letter.headers)
              .map(([key, values]) => `${key}: ${values.join(', ')}`)
              .join('\n') || 'none'}
          </Verbatim>
          <h3>Payload{whole.letter.truncated ? ' (cut: the original was larger)' : ''}</h3>
          <Verbatim label="Payload">
            {whole.text === null ? `not text: ${whole.letter.payload.slice(0, 400)}…` : pretty(whole.text)}
          </Verbatim>
        </>
      )}
    </>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2).slice(0, 20_000);
  } catch {
    return text.slice(0, 20_000);
  }
}
