#!/bin/sh
# A command as a worker. Run:  npx cortex worker --master development --exec examples/03-worker-in-shell.sh
# The task comes on standard input as {"task": {…}, "decision": {…}, "attempt": 1}; its text is never part of a command line.
set -eu

task=$(cat)
words=$(printf '%s' "$task" | wc -w | tr -d ' ')

# Whatever is written here is kept as output; standard error becomes the error text if the exit code is not 0.
echo "task $CORTEX_TASK_ID, attempt $CORTEX_ATTEMPT, for $CORTEX_MASTER: $words words"

# The last line, when it is a JSON object, gives fields of the outcome.
echo "{\"tokens\": $words, \"quality\": 1, \"evidence\": [{\"kind\": \"word-count\", \"ref\": \"$words\"}]}"
