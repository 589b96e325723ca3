/** Races as Markdown tables. */
import type { Machine } from './machine.ts';
import { column, median, type Race, ratio, type Standing } from './race.ts';

/** A stored race: results/<name>.json. */
export interface Result extends Race {
  name: string;
  machine: Machine;
  threads: string;
  repeats: number;
}

const metricsOf = (standings: readonly Standing[]): string[] => [
  ...new Set(standings.flatMap(({ laps }) => Object.keys(laps[0] ?? {}))),
];

function show(metric: string, values: readonly number[]): string {
  const number = (value: number): string => {
    if (metric.endsWith('Bytes')) return `${(value / 2 ** 20).toFixed(0)} MiB`;
    return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toPrecision(3);
  };
  const [least, middle] = [number(Math.min(...values)), number(median(values))];
  return least === middle ? least : `${least} / ${middle}`;
}

/** For seconds of a decomposition of n rows by k columns: their least as a cost per n k^2, the count of its dense algebra. */
function costRow(metric: string, standings: readonly Standing[]): string[] {
  const size = /^n (\d+), k (\d+)$/.exec(metric);
  if (!size) return [];
  const [n, k] = [Number(size[1]), Number(size[2])];
  const cells = standings.map((standing) => {
    const values = column(standing, metric);
    return values.length === 0 ? '' : ((Math.min(...values) * 1e9) / (n * k * k)).toPrecision(3);
  });
  return [`| ${[`ns per n k², k ${k}`, ...cells].join(' | ')} |`];
}

/** Minimum / median of each metric, and in brackets how many times the first contestant's time it is, lap by lap. */
export function toTable({ standings, absent }: Race): string {
  const [first] = standings;
  if (!first) return 'no contestant could run here';
  const rows = metricsOf(standings).flatMap((metric) => {
    const cells = standings.map((standing) => {
      const values = column(standing, metric);
      if (values.length === 0) return '';
      const isTime =
        !/Bytes|Error|FLOP|kernels|share/.test(metric) && standing !== first && column(first, metric).length > 0;
      return show(metric, values) + (isTime ? ` (${ratio(first, standing, metric).toFixed(2)}×)` : '');
    });
    return [`| ${[metric, ...cells].join(' | ')} |`, ...costRow(metric, standings)];
  });
  const head = [
    `| | ${standings.map(({ name }) => name).join(' | ')} |`,
    `|---|${standings.map(() => '---|').join('')}`,
  ];
  return [...head, ...rows, ...absent.map(({ name, reason }) => `\n${name}: not here (${reason})`)].join('\n');
}

/** The devices that contestants name: 'eigensketch, webgpu on nvidia, H200'. */
function devices(standings: readonly Standing[]): string {
  return standings
    .filter(({ info }) => typeof info.device === 'string')
    .map(({ name, info }) => `; ${name} on ${info.device}`)
    .join('');
}

export function provenance({ machine, threads, repeats, standings }: Result): string {
  const { cpu, system, node, tfjs, commit, date } = machine;
  return `${cpu}, ${threads} threads, ${system}, Node ${node}, TensorFlow.js ${tfjs}, commit ${commit}, ${date}; ${repeats} interleaved repeats, minimum / median${devices(standings)}`;
}
