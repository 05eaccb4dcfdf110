// Adding or changing a master: what it owns in words, and tasks it should get, one a line.
import { useState } from 'preact/hooks';
import type { MasterReport } from '../../wire.js';

type Master = MasterReport['master'];

const lines = (text: FormDataEntryValue | null): string[] =>
  String(text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
const words = (text: FormDataEntryValue | null): string[] =>
  String(text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);

export function MasterForm(props: {
  master?: Master;
  close: () => void;
  save: (master: Record<string, unknown>) => Promise<unknown>;
}) {
  const { master } = props;
  const [busy, setBusy] = useState(false);
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        setBusy(true);
        void props
          .save({
            name: master?.name ?? String(data.get('name') ?? '').trim(),
            description: String(data.get('description') ?? ''),
            examples: lines(data.get('examples')),
            keywords: words(data.get('keywords')),
            patterns: lines(data.get('patterns')),
            aliases: words(data.get('aliases')),
          })
          .finally(() => setBusy(false));
      }}
    >
      {!master && (
        <label>
          Name
          <input name="name" required maxLength={128} autocomplete="off" />
        </label>
      )}
      <label>
        What kind of work it owns <span class="soft">(the router reads it)</span>
        <textarea name="description" rows={2} maxLength={8192} defaultValue={master?.description ?? ''} />
      </label>
      <label>
        Tasks it should get <span class="soft">(one a line)</span>
        <textarea name="examples" rows={6} defaultValue={(master?.examples ?? []).join('\n')} />
      </label>
      <label>
        Words that point to it <span class="soft">(with commas between)</span>
        <input name="keywords" autocomplete="off" defaultValue={(master?.keywords ?? []).join(', ')} />
      </label>
      <label>
        Patterns <span class="soft">(regular expressions, one a line)</span>
        <textarea name="patterns" rows={2} class="mono" defaultValue={(master?.patterns ?? []).join('\n')} />
      </label>
      <label>
        Further names <span class="soft">(with commas between)</span>
        <input name="aliases" autocomplete="off" defaultValue={(master?.aliases ?? []).join(', ')} />
      </label>
      <div class="form-end">
        <button type="button" class="button plain" onClick={props.close}>
          Leave it
        </button>
        <button type="submit" class="button main" disabled={busy}>
          {master ? 'Save' : 'Add'}
        </button>
      </div>
    </form>
  );
}
