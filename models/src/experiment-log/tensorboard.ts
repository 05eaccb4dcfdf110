// Curves as TensorBoard reads them: a TFRecord file of Event messages (tensorflow/core/util/event.proto).
// The one thing to know: a file is only ever appended to, so a run that is begun again goes on in a file of its own beside it.
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs/light.js';
import { maskedCrc32c } from './crc32c.js';
import type { ExperimentLog } from './experiment-log.js';

const field = (id: number, type: string) => ({ id, type });
const root = protobuf.Root.fromJSON({
  nested: {
    Event: {
      fields: {
        wallTime: field(1, 'double'),
        step: field(2, 'int64'),
        fileVersion: field(3, 'string'),
        summary: field(5, 'Summary'),
      },
    },
    Summary: { fields: { value: { id: 1, type: 'Value', rule: 'repeated' } } },
    Value: {
      fields: {
        tag: field(1, 'string'),
        simpleValue: field(2, 'float'),
        tensor: field(8, 'Tensor'),
        metadata: field(9, 'Metadata'),
      },
    },
    Metadata: { fields: { pluginData: field(1, 'PluginData') } },
    PluginData: { fields: { pluginName: field(1, 'string') } },
    Tensor: { fields: { dtype: field(1, 'int32'), stringVal: { id: 8, type: 'bytes', rule: 'repeated' } } },
  },
});
const Event = root.lookupType('Event');
/** TensorFlow's number for strings. */
const DT_STRING = 7;

export interface Point {
  readonly tag: string;
  /** Of a text: its words. */
  readonly value: number | string;
  readonly step: number;
}

/**
 * Opens a new event file in `folder` (made if absent).
 * @param now milliseconds since the epoch. Default: the clock.
 */
export async function openTensorboard(folder: string, now: () => number = Date.now): Promise<ExperimentLog> {
  await mkdir(folder, { recursive: true });
  const name = `events.out.tfevents.${Math.floor(now() / 1000)}.${hostname()}.${process.pid}.${unique++}`;
  const file = join(folder, name);
  const event = (fields: object) => record(Event.encode({ wallTime: now() / 1000, ...fields }).finish());
  await writeFile(file, event({ fileVersion: 'brain.Event:2' }));
  const text = (tag: string, words: string) =>
    appendFile(
      file,
      event({
        summary: {
          value: [
            {
              tag,
              tensor: { dtype: DT_STRING, stringVal: [Buffer.from(words)] },
              metadata: { pluginData: { pluginName: 'text' } },
            },
          ],
        },
      }),
    );
  return {
    params: (params) =>
      text(
        'params',
        `| name | value |\n|---|---|\n${Object.entries(params)
          .map(([key, value]) => `| ${key} | ${value} |`)
          .join('\n')}`,
      ),
    scalar: (tag, value, step) => appendFile(file, event({ step, summary: { value: [{ tag, simpleValue: value }] } })),
    artifact: (artifact, content) => text(artifact, `\`\`\`\n${content}\n\`\`\``),
    end: async () => undefined,
  };
}
let unique = 0;

/** Length, its checksum, the data, its checksum: TFRecord's frame, little-endian. */
function record(data: Uint8Array): Buffer {
  const frame = Buffer.alloc(data.length + 16);
  frame.writeBigUInt64LE(BigInt(data.length), 0);
  frame.writeUInt32LE(maskedCrc32c(frame.subarray(0, 8)), 8);
  frame.set(data, 12);
  frame.writeUInt32LE(maskedCrc32c(data), data.length + 12);
  return frame;
}

/** An event file is not what it should be; `offset` says where. */
export class EventFileDamaged extends Error {
  override readonly name = 'EventFileDamaged';
  constructor(
    readonly file: string,
    readonly offset: number,
    what: string,
  ) {
    super(`${file}: ${what} at byte ${offset}`);
  }
}

/** The points of an event file, in order. @throws EventFileDamaged where a checksum does not hold. */
export async function readTensorboard(file: string): Promise<Point[]> {
  const bytes = await readFile(file);
  const points: Point[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 16 > bytes.length) throw new EventFileDamaged(file, at, 'the file ends within a record');
    const length = Number(bytes.readBigUInt64LE(at));
    if (maskedCrc32c(bytes.subarray(at, at + 8)) !== bytes.readUInt32LE(at + 8))
      throw new EventFileDamaged(file, at, 'the checksum of a length is wrong');
    if (at + length + 16 > bytes.length) throw new EventFileDamaged(file, at, 'the file ends within a record');
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (maskedCrc32c(data) !== bytes.readUInt32LE(at + 12 + length))
      throw new EventFileDamaged(file, at, 'the checksum of a record is wrong');
    points.push(...pointsOf(data));
    at += length + 16;
  }
  return points;
}

interface EventFields {
  step?: { toString(): string };
  summary?: { value?: { tag: string; simpleValue?: number; tensor?: { stringVal?: Uint8Array[] } }[] };
}

function pointsOf(data: Uint8Array): Point[] {
  const { step, summary } = Event.decode(data) as EventFields;
  return (summary?.value ?? []).map(({ tag, simpleValue, tensor }) => ({
    tag,
    value: tensor?.stringVal?.[0] ? Buffer.from(tensor.stringVal[0]).toString('utf8') : (simpleValue ?? 0),
    step: Number(step ?? 0),
  }));
}
