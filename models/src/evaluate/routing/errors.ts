// Why an evaluation refuses its input: always naming the file, and the line and field where there is one.

export abstract class EvaluationInputError extends Error {
  constructor(
    readonly file: string,
    readonly line: number | null,
    readonly field: string | null,
    problem: string,
    options?: ErrorOptions,
  ) {
    const where = [file, line === null ? '' : `line ${line}`, field === null ? '' : `field "${field}"`];
    super(`${where.filter(Boolean).join(', ')}: ${problem}`, options);
    this.name = new.target.name;
  }
}

/** It is not there, cannot be read, or is not the gzip that its name promises. */
export class EvaluationFileUnreadable extends EvaluationInputError {
  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(file, null, null, problem, options);
  }
}

/** Not one usable row. */
export class EvaluationFileEmpty extends EvaluationInputError {
  constructor(file: string) {
    super(file, null, null, 'it holds no row; one JSON object a line is expected');
  }
}

/** More than one row in twenty is bad; the first one is named. */
export class TooManyBadRows extends EvaluationInputError {
  constructor(
    file: string,
    readonly bad: number,
    readonly rows: number,
    first: { line: number; field: string | null; problem: string },
  ) {
    super(
      file,
      first.line,
      first.field,
      `${first.problem} (and ${bad - 1} more bad rows of ${rows}; at most 5 % are passed over; one JSON object a line is expected)`,
    );
  }
}

/** There is nothing to choose between. */
export class SingleLabel extends EvaluationInputError {
  constructor(file: string, label: string | null, line: number | null) {
    super(file, line, 'label', `every row has the label ${JSON.stringify(label)}; at least two are needed`);
  }
}

/** More labels than a router is made for. */
export class TooManyLabels extends EvaluationInputError {
  constructor(file: string, line: number, labels: number) {
    super(file, line, 'label', `${labels} different labels; a router takes up to 1,000`);
  }
}

/** The file of masters is not a list of {"name", "description"}. */
export class MastersInvalid extends EvaluationInputError {
  constructor(file: string, field: string | null, problem: string) {
    super(file, null, field, problem);
  }
}
