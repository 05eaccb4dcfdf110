// The door of the trainer: trains models from what was recorded.
export const ACTOR = 'trainer';
