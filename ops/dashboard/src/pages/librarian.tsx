// What the librarian knows: search it, and see what lies near a passage.
import { useEffect, useState } from 'preact/hooks';
import { get } from '../lib/api.js';
import { count, ms } from '../lib/format.js';
import { useList } from '../lib/list.js';
import { query, setQuery } from '../lib/router.js';
import { Badge, Dialog, Empty, Page, Panel, Trouble, Verbatim } from '../ui/parts.js';
import type { LibraryAnswer, Passage, SearchResult } from '../wire.js';
import { Neighbourhood, placeOf } from './librarian/neighbourhood.js';

export function LibrarianPage() {
  const status = useList<LibraryAnswer>('/api/library', undefined, 15_000);
  const [collection, setCollection] = useState('');
  const q = query.value.get('q') ?? '';
  const [found, setFound] = useState<SearchResult | undefined>(undefined);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [centre, setCentre] = useState<Passage | undefined>(undefined);
  useEffect(() => {
    if (q === '') return;
    let current = true;
    setBusy(true);
    get<SearchResult>(`/api/library/search?q=${encodeURIComponent(q)}&collection=${encodeURIComponent(collection)}`)
      .then(
        (result) => {
          if (!current) return;
          setFound(result);
          setError('');
        },
        (failed: Error) => current && setError(failed.message),
      )
      .finally(() => current && setBusy(false));
    return () => {
      current = false;
    };
  }, [q, collection]);
  const collections = Object.entries(status.data?.collections ?? {});
  return (
    <Page title="Librarian" about="Code, documents, issues and lessons that workers are given to read.">
      {status.error !== undefined && <Trouble text={status.error} />}
      {status.data?.absent && (
        <div class="panel">
          <Empty title={status.data.absent} />
        </div>
      )}
      {collections.length > 0 && (
        <dl class="tiles four">
          {collections.map(([name, chunks]) => (
            <div class="tile" key={name}>
              <dt>{name}</dt>
              <dd>
                <span class="tile-value">{count(chunks)}</span>
                <span class="tile-note">passages</span>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {status.data?.store && <p class="soft small">Kept in {status.data.store}</p>}
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          setQuery({ q: String(new FormData(event.currentTarget).get('q') ?? '').trim() });
        }}
      >
        <label class="grow">
          <span class="hidden">Search</span>
          <input
            key={q}
            name="q"
            data-search
            type="search"
            placeholder="Where does it say something about… ( / )"
            defaultValue={q}
          />
        </label>
        <label>
          <span class="hidden">Collection</span>
          <select value={collection} onChange={(event) => setCollection(event.currentTarget.value)}>
            <option value="">All collections</option>
            {['codebase', 'documentation', 'issues', 'patterns'].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="submit" class="button main" disabled={busy}>
          Search
        </button>
      </form>
      {error !== '' && <Trouble text={error} />}
      {q !== '' && found && <Hits found={found} choose={setCentre} />}
      {q === '' && collections.every(([, chunks]) => chunks === 0) && status.data?.absent === null && (
        <div class="panel">
          <Empty title="Nothing is indexed yet">
            <p>Give it something to read:</p>
            <pre>npx cortex index . --collection codebase --watch</pre>
          </Empty>
        </div>
      )}
      <Dialog
        title={centre ? placeOf(centre) : ''}
        open={centre !== undefined}
        onClose={() => setCentre(undefined)}
        wide
      >
        {centre && <Near centre={centre} choose={setCentre} />}
      </Dialog>
    </Page>
  );
}

function Hits({ found, choose }: { found: SearchResult; choose: (hit: Passage) => void }) {
  if (found.hits.length === 0)
    return (
      <div class="panel">
        <Empty title="Nothing fits">
          <p>What is not indexed yet is not found:</p>
          <pre>npx cortex index . --collection codebase</pre>
        </Empty>
      </div>
    );
  return (
    <Panel title={`${found.hits.length} passages`} note={[`in ${ms(found.ms)}`, ...found.explanation].join('; ')}>
      <ol class="hits">
        {found.hits.map((hit) => (
          <li key={hit.source + hit.lines?.join('-') + hit.title}>
            <p>
              <button type="button" class="as-link" onClick={() => choose(hit)}>
                {hit.title}
              </button>{' '}
              <Badge word={hit.collection} /> {hit.trust === 'outside' && <Badge word="outside" tone="warn" />}
              <span class="soft small"> {placeOf(hit)}</span>
            </p>
            <p class="soft small">{hit.why}</p>
            <pre class="snippet">{hit.text.slice(0, 420)}</pre>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Near({ centre, choose }: { centre: Passage; choose: (hit: Passage) => void }) {
  const [near, setNear] = useState<readonly Passage[] | undefined>(undefined);
  const [error, setError] = useState('');
  useEffect(() => {
    let current = true;
    setNear(undefined);
    const words = [centre.symbol, centre.title, centre.source].filter(Boolean).join(' ');
    get<SearchResult>(`/api/library/search?q=${encodeURIComponent(words)}`).then(
      (result) => current && setNear(result.hits.filter((hit) => placeOf(hit) !== placeOf(centre))),
      (failed: Error) => current && setError(failed.message),
    );
    return () => {
      current = false;
    };
  }, [centre]);
  return (
    <>
      <Verbatim label="The passage" short>
        {centre.text}
      </Verbatim>
      <h3>What lies near it</h3>
      {error !== '' && <Trouble text={error} />}
      {near === undefined ? (
        <p class="loading">Looking…</p>
      ) : (
        <Neighbourhood centre={centre} near={near} choose={choose} />
      )}
    </>
  );
}
