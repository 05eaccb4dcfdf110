// The door of the librarian: finds the code, documents, issues and patterns a task needs.
export const ACTOR = 'librarian';
