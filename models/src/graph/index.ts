// The door of the graph: nodes, edges, and what lies near.
export { type Edge, Graph } from './graph.js';
export { type PageRankOptions, personalisedPageRank } from './page-rank.js';
