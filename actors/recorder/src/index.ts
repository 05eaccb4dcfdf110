// The door of the recorder: keeps decisions, outcomes and telemetry as training data.
export const ACTOR = 'recorder';
