// The completion scripts, made from the words of the program. Static on purpose: a shell must not wait for Node at every press of the tab key.
import type { Place } from './words.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell, places: readonly Place[]): string {
  return { bash, zsh, fish }[shell](places);
}

/** In single quotes for a shell of the Bourne family. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const fallsToFiles = (place: Place) => place.commands.length === 0 && place.values.length === 0;

/** `place` walks the words before the cursor: commands lengthen the path, options and their values are passed over. Common to bash and zsh. */
function walk(places: readonly Place[], words: string, from: number, to: string): string {
  const taking = places
    .filter(({ taking }) => taking.length > 0)
    .map(({ path, taking }) => taking.map(({ option }) => `"${path}|${option}"`).join('|'))
    .join('|');
  const commands = places
    .filter(({ commands }) => commands.length > 0)
    .map(({ path, commands }) => commands.map(({ word }) => `"${path}|${word}"`).join('|'))
    .join('|');
  return `  local place= skip= i word
  for ((i = ${from}; i < ${to}; i++)); do
    word="\${${words}[i]}"
    if [[ -n $skip ]]; then skip=; continue; fi
    case "$place|$word" in
      ${taking}) skip="$word" ;;
      ${commands}) place="\${place:+$place }$word" ;;
    esac
  done`;
}

function values(places: readonly Place[], say: (values: readonly string[]) => string): string {
  return places
    .flatMap(({ path, taking }) =>
      taking
        .filter(({ values }) => values.length > 0)
        .map(({ option, values }) => `    "${path}|${option}") ${say(values)} ;;`),
    )
    .join('\n');
}

function bash(places: readonly Place[]): string {
  const reply = (words: readonly string[]) => `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur"))`;
  const at = (place: Place) => {
    const options = place.options.map(({ word }) => word);
    const words = [...place.commands.map(({ word }) => word), ...place.values];
    const plain = fallsToFiles(place) ? 'COMPREPLY=($(compgen -f -- "$cur"))' : reply(words);
    return `    ${quoted(place.path)}) if [[ $cur == -* ]]; then ${reply(options)}; else ${plain}; fi ;;`;
  };
  return `# bash completion of cortex: source <(cortex completion bash)
_cortex() {
  local cur="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
${walk(places, 'COMP_WORDS', 1, 'COMP_CWORD')}
  if [[ -n $skip ]]; then
    case "$place|$skip" in
${values(places, reply)}
    *) COMPREPLY=($(compgen -f -- "$cur")) ;;
    esac
    return
  fi
  case "$place" in
${places.map(at).join('\n')}
  esac
}
complete -o filenames -F _cortex cortex
`;
}

function zsh(places: readonly Place[]): string {
  const described = ({ word, about }: { word: string; about: string }) =>
    quoted(`${word.replaceAll(':', '\\:')}:${about}`);
  const at = (place: Place) => {
    const options = place.options.map(described).join(' ');
    const words = [...place.commands, ...place.values.map((word) => ({ word, about: '' }))].map(described).join(' ');
    const plain = fallsToFiles(place) ? '_files' : `found=(${words}); _describe command found`;
    return `    ${quoted(place.path)}) if [[ $cur == -* ]]; then found=(${options}); _describe option found; else ${plain}; fi ;;`;
  };
  return `#compdef cortex
# zsh completion of cortex: source <(cortex completion zsh)
_cortex() {
  local cur="\${words[CURRENT]}"
  local -a found
${walk(places, 'words', 2, 'CURRENT')}
  if [[ -n $skip ]]; then
    case "$place|$skip" in
${values(places, (words) => `compadd -- ${words.map(quoted).join(' ')}`)}
    *) _files ;;
    esac
    return
  fi
  case "$place" in
${places.map(at).join('\n')}
  esac
}
compdef _cortex cortex
`;
}

function fish(places: readonly Place[]): string {
  const quotedForFish = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const taking = places.flatMap(({ path, taking }) => taking.map(({ option }) => quotedForFish(`${path}|${option}`)));
  const commands = places.flatMap(({ path, commands }) => commands.map(({ word }) => quotedForFish(`${path}|${word}`)));
  const lines = places.flatMap(({ path, commands, options, values, taking }) => {
    const when = `-n ${quotedForFish(`test (__cortex_place) = ${quotedForFish(path)}`)}`;
    const valuesOf = new Map(taking.map(({ option, values }) => [option, values]));
    return [
      ...commands.map(({ word, about }) => `complete -c cortex -f ${when} -a ${word} -d ${quotedForFish(about)}`),
      ...(values.length > 0 ? [`complete -c cortex -f ${when} -a ${quotedForFish(values.join(' '))}`] : []),
      ...options.map(({ word, about }) => {
        const flag = word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
        const fixed = valuesOf.get(word);
        const value = fixed === undefined ? '' : fixed.length > 0 ? ` -x -a ${quotedForFish(fixed.join(' '))}` : ' -r';
        return `complete -c cortex ${when} ${flag}${value} -d ${quotedForFish(about)}`;
      }),
    ];
  });
  return `# fish completion of cortex: cortex completion fish | source
function __cortex_place
    set -l place ''
    set -l skip ''
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip ''
            continue
        end
        if contains -- "$place|$word" ${taking.join(' ')}
            set skip $word
        else if contains -- "$place|$word" ${commands.join(' ')}
            set place (string trim "$place $word")
        end
    end
    echo "$place"
end
${lines.join('\n')}
`;
}
