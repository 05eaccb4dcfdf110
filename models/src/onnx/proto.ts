// The part of the public ONNX format (onnx.proto, IR version 8) that our networks need, as a protobufjs descriptor.
// The one thing to know: field numbers are the format's own; what is not listed here is skipped when read.
import protobuf from 'protobufjs/light.js';

type Rule = 'repeated' | undefined;
const field = (id: number, type: string, rule?: Rule, packed?: boolean) => ({
  id,
  type,
  ...(rule ? { rule } : {}),
  ...(packed === undefined ? {} : { options: { packed } }),
});
const many = (id: number, type: string, packed?: boolean) => field(id, type, 'repeated', packed);

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field(1, 'int64'),
        producerName: field(2, 'string'),
        producerVersion: field(3, 'string'),
        graph: field(7, 'GraphProto'),
        opsetImport: many(8, 'OperatorSetIdProto'),
        metadataProps: many(14, 'StringStringEntryProto'),
        functions: many(25, 'FunctionProto'),
      },
    },
    OperatorSetIdProto: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    StringStringEntryProto: { fields: { key: field(1, 'string'), value: field(2, 'string') } },
    FunctionProto: { fields: { node: many(7, 'NodeProto') } },
    GraphProto: {
      fields: {
        node: many(1, 'NodeProto'),
        name: field(2, 'string'),
        initializer: many(5, 'TensorProto'),
        input: many(11, 'ValueInfoProto'),
        output: many(12, 'ValueInfoProto'),
        sparseInitializer: many(15, 'SparseTensorProto'),
      },
    },
    NodeProto: {
      fields: {
        input: many(1, 'string'),
        output: many(2, 'string'),
        name: field(3, 'string'),
        opType: field(4, 'string'),
        attribute: many(5, 'AttributeProto'),
        domain: field(7, 'string'),
      },
    },
    AttributeProto: {
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        i: field(3, 'int64'),
        s: field(4, 'bytes'),
        t: field(5, 'TensorProto'),
        g: field(6, 'GraphProto'),
        floats: many(7, 'float', false),
        ints: many(8, 'int64', false),
        tensors: many(10, 'TensorProto'),
        graphs: many(11, 'GraphProto'),
        type: field(20, 'int32'),
        sparseTensor: field(22, 'SparseTensorProto'),
      },
    },
    TensorProto: {
      fields: {
        dims: many(1, 'int64', false),
        dataType: field(2, 'int32'),
        name: field(8, 'string'),
        rawData: field(9, 'bytes'),
        externalData: many(13, 'StringStringEntryProto'),
        dataLocation: field(14, 'int32'),
      },
    },
    SparseTensorProto: { fields: { values: field(1, 'TensorProto'), indices: field(2, 'TensorProto') } },
    ValueInfoProto: { fields: { name: field(1, 'string'), type: field(2, 'TypeProto') } },
    TypeProto: { fields: { tensorType: field(1, 'TensorTypeProto') } },
    TensorTypeProto: { fields: { elemType: field(1, 'int32'), shape: field(2, 'TensorShapeProto') } },
    TensorShapeProto: { fields: { dim: many(1, 'Dimension') } },
    Dimension: { fields: { dimValue: field(1, 'int64'), dimParam: field(2, 'string') } },
  },
});

/** TensorProto.DataType */
export const ELEMENT = { float: 1, int64: 7 } as const;
/** AttributeProto.AttributeType */
export const ATTRIBUTE = { float: 1, int: 2, ints: 7 } as const;
/** TensorProto.DataLocation */
export const EXTERNAL = 1;

export interface TensorMessage {
  name?: string;
  dims?: number[];
  dataType?: number;
  rawData?: Uint8Array;
  externalData?: { key?: string; value?: string }[];
  dataLocation?: number;
}

interface SparseMessage {
  values?: TensorMessage;
  indices?: TensorMessage;
}

export interface AttributeMessage {
  name?: string;
  type?: number;
  f?: number;
  i?: number;
  ints?: number[];
  t?: TensorMessage;
  g?: GraphMessage;
  tensors?: TensorMessage[];
  graphs?: GraphMessage[];
  sparseTensor?: SparseMessage;
}

export interface NodeMessage {
  name?: string;
  opType?: string;
  domain?: string;
  input?: string[];
  output?: string[];
  attribute?: AttributeMessage[];
}

export interface ValueMessage {
  name?: string;
  type?: { tensorType?: { elemType?: number; shape?: { dim?: { dimValue?: number; dimParam?: string }[] } } };
}

export interface GraphMessage {
  name?: string;
  node?: NodeMessage[];
  initializer?: TensorMessage[];
  sparseInitializer?: SparseMessage[];
  input?: ValueMessage[];
  output?: ValueMessage[];
}

export interface ModelMessage {
  irVersion?: number;
  producerName?: string;
  producerVersion?: string;
  graph?: GraphMessage;
  opsetImport?: { domain?: string; version?: number }[];
  metadataProps?: { key?: string; value?: string }[];
  functions?: { node?: NodeMessage[] }[];
}

const Model = root.lookupType('ModelProto');

export function encodeModel(message: ModelMessage): Uint8Array {
  return Model.encode(Model.create(message)).finish();
}

/** @throws when the bytes are no protobuf message of this shape. */
export function decodeModel(bytes: Uint8Array): ModelMessage {
  return Model.toObject(Model.decode(bytes), { longs: Number }) as ModelMessage;
}
