// The door of the deployer: tries new models on part of the traffic, promotes and rolls back.
export const ACTOR = 'deployer';
