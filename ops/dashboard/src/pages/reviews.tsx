// The questions for people, made for the keyboard: j and k choose a question, a number answers it.
import { useEffect, useState } from 'preact/hooks';
import { act, session } from '../lib/api.js';
import { ago, percent, ranked } from '../lib/format.js';
import { useList } from '../lib/list.js';
import { now } from '../lib/live.js';
import { taskPath } from '../lib/router.js';
import { Act, Badge, Empty, MasterName, Page, Panel, Trouble } from '../ui/parts.js';
import type { Question } from '../wire.js';

interface Answer {
  readonly open: readonly Question[];
  readonly answered: readonly Question[];
}

const MOST = 9;

export function ReviewsPage() {
  const { data, error, again } = useList<Answer>('/api/reviews', 'reviews');
  const [at, setAt] = useState(0);
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const open = (data?.open ?? []).filter(({ request }) => !gone.has(request.id));
  const chosen = open[Math.min(at, open.length - 1)];
  const answer = (question: Question, choice: Choice) => {
    void act('answer-review', { review: question.request.id, ...choice.give }).then((ok) => {
      if (!ok) return;
      setGone((was) => new Set([...was, question.request.id]));
      again();
    });
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        (event.target as Element | null)?.closest('input, textarea, select, dialog') ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey
      )
        return;
      if (event.key === 'j' || event.key === 'ArrowDown') setAt((i) => Math.min(i + 1, Math.max(0, open.length - 1)));
      else if (event.key === 'k' || event.key === 'ArrowUp') setAt((i) => Math.max(0, i - 1));
      else if (/^[1-9]$/.test(event.key) && chosen && session.value?.role === 'operator') {
        const choice = choicesOf(chosen)[Number(event.key) - 1];
        if (choice) answer(chosen, choice);
      } else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  return (
    <Page title="Reviews" about="Where the system is unsure it asks a person. Every answer is learned from.">
      {error !== undefined && <Trouble text={error} />}
      {data === undefined ? (
        <p class="loading">Reading the questions…</p>
      ) : open.length === 0 ? (
        <Empty title="Nobody is asked anything">
          <p>Questions appear here the moment a task fits no master well enough.</p>
        </Empty>
      ) : (
        <>
          <p class="soft small keys">
            <kbd>j</kbd> <kbd>k</kbd> choose a question, <kbd>1</kbd>–<kbd>9</kbd> answer it
          </p>
          <ol class="questions">
            {open.slice(0, 200).map((question, i) => (
              <QuestionCard
                key={question.request.id}
                question={question}
                chosen={question === chosen}
                choose={() => setAt(i)}
                answer={(choice) => answer(question, choice)}
              />
            ))}
          </ol>
          {open.length > 200 && <p class="soft">and {open.length - 200} more</p>}
        </>
      )}
      {(data?.answered.length ?? 0) > 0 && (
        <Panel title="Answered lately">
          <ul class="latest">
            {data?.answered.slice(0, 20).map(({ request, answer: given }) => (
              <li key={request.id}>
                <Badge word={given?.master ? 'routed' : 'answered'} tone="good" />
                {request.task ? (
                  <a class="cut" href={taskPath(request.task)}>
                    {textOf(request) || request.question}
                  </a>
                ) : (
                  <span class="cut">{request.question}</span>
                )}
                {given?.master ? <MasterName name={given.master} /> : <span>{given?.answer}</span>}
                <span class="soft small">{given?.by ?? ''}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </Page>
  );
}

interface Choice {
  readonly name: string;
  readonly share?: number;
  readonly master: boolean;
  readonly give: { master: string } | { answer: string };
}

/** A worker that names no choices takes any words. */
const takesWords = ({ request }: Question): boolean => request.kind === 'worker' && request.choices === undefined;

/** What the number keys give: masters by their odds for questions of routing, else the question's words, else approve and reject. */
function choicesOf({ request }: Question): Choice[] {
  if (request.kind !== 'routing')
    return (request.choices ?? (request.kind === 'worker' ? [] : ['approve', 'reject'])).map((word) => ({
      name: word,
      master: false,
      give: { answer: word },
    }));
  const odds = request.probabilities ?? {};
  const registered = (now.value?.masters ?? [])
    .filter((master) => master.status !== 'removed')
    .map((master) => master.master);
  const known = [...new Set([...ranked(odds).map(([master]) => master), ...(request.candidates ?? []), ...registered])];
  return known
    .filter((master) => registered.includes(master))
    .slice(0, MOST)
    .map((master) => ({ name: master, share: odds[master] ?? 0, master: true, give: { master } }));
}

function textOf(request: Question['request']): string {
  const { text } = (request.context ?? {}) as { text?: unknown };
  return typeof text === 'string' ? text : '';
}

function QuestionCard(props: {
  question: Question;
  chosen: boolean;
  choose: () => void;
  answer: (choice: Choice) => void;
}) {
  const { request } = props.question;
  const text = textOf(request);
  return (
    <li
      class={`question panel ${props.chosen ? 'chosen' : ''}`}
      aria-current={props.chosen ? 'true' : undefined}
      onFocusCapture={props.choose}
    >
      <p class="question-head">
        <Badge word={request.kind} tone="info" />
        <span class="soft small">
          {request.asked_by}, {ago(request.asked_at)}
        </span>
        {request.task && (
          <a class="small" href={taskPath(request.task)}>
            {request.kind === 'routing' ? 'why it is unsure' : 'its task'}
          </a>
        )}
      </p>
      {text !== '' && <p class="task-text">{text}</p>}
      <p class={text === '' ? 'task-text' : 'soft'}>
        {text === '' ? request.question : request.question.replace(text.trim(), '').trim()}
      </p>
      <div class="answers">
        {choicesOf(props.question).map((choice, i) => (
          <Act key={choice.name} onClick={() => props.answer(choice)}>
            <kbd>{i + 1}</kbd>
            {choice.master ? <MasterName name={choice.name} /> : choice.name}
            {choice.share ? <span class="soft small"> {percent(choice.share)}</span> : null}
          </Act>
        ))}
      </div>
      {takesWords(props.question) && <Words answer={props.answer} />}
      {request.default && <p class="soft small">Without an answer: {request.default}</p>}
    </li>
  );
}

function Words(props: { answer: (choice: Choice) => void }) {
  const [text, setText] = useState('');
  const send = () => {
    const word = text.trim();
    if (word !== '') props.answer({ name: word, master: false, give: { answer: word } });
  };
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="grow">
        <span class="hidden">Your answer</span>
        <input
          type="text"
          maxLength={256}
          placeholder="Your answer"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <Act onClick={send} disabled={text.trim() === ''}>
        Answer
      </Act>
    </form>
  );
}
