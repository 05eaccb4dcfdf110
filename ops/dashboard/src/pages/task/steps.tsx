// A task's life, step by step, as the log keeps it.
import { clock, ms } from '../../lib/format.js';
import { Badge, MasterName, Panel } from '../../ui/parts.js';
import type { TaskLife } from '../../wire.js';

type Record_ = TaskLife['records'][number];

export function Steps({ records }: { records: readonly Record_[] }) {
  return (
    <Panel title="Life" note={`${records.length} ${records.length === 1 ? 'record' : 'records'} in the log`}>
      <ol class="steps">
        {records.map((record, i) => {
          const before = records[i - 1];
          return (
            <li key={record.record}>
              <span class="num soft">
                {clock(record.at)}
                {before && <span class="small"> +{ms(Date.parse(record.at) - Date.parse(before.at))}</span>}
              </span>
              <div>
                <StepBadge record={record} /> {words(record)}
                <span class="soft small block">
                  by {record.by}
                  {record.cause ? `, because of ${record.cause}` : ''}
                </span>
              </div>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

/** The log's own word; an end without success does not look like one with it. */
function StepBadge({ record: { step, outcome } }: { record: Record_ }) {
  return step === 'settled' && outcome?.success === false ? <Badge word={step} tone="bad" /> : <Badge word={step} />;
}

function words(record: Record_) {
  const { decision, outcome, correction } = record;
  if (record.step === 'decided' && decision)
    return (
      <>
        to <MasterName name={decision.master} />
        {decision.review ? ', a person is asked' : ''}
      </>
    );
  if (record.step === 'settled' && outcome)
    return (
      <>
        {outcome.status}
        {outcome.worker ? ` by ${outcome.worker}` : ''}
        {outcome.error ? `: ${outcome.error}` : ''}
      </>
    );
  if (record.step === 'corrected' && correction)
    return (
      <>
        belongs to <MasterName name={correction.master} />
        {correction.by ? `, says ${correction.by}` : ''}
      </>
    );
  return record.reason ?? '';
}
