/** Metrics that the dashboard computes from two snapshots. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as format from '../../web/dashboard/format.js';
import { Metrics, quantile, samplesOf } from '../../web/dashboard/metrics.js';

const buckets = (...counts) => Object.fromEntries(counts.map((count, i) => [`t_bucket{le="${['0.1', '0.2', '1', '+Inf'][i]}"}`, count]));

test('a quantile is where its share of the samples ends', () => {
  const before = buckets(5, 5, 5, 5);
  assert.equal(quantile(before, before, 't', 0.5), null);
  assert.equal(quantile({}, {}, 't', 0.5), null);
  assert.equal(quantile(before, buckets(15, 15, 15, 15), 't', 0.5), 0.05);
  assert.ok(Math.abs(quantile(before, buckets(5, 15, 15, 15), 't', 0.5) - 0.15) < 1e-9);
  assert.equal(quantile(before, buckets(5, 5, 5, 15), 't', 0.99), 1);
});

test('samples are distinguished by their labels', () => {
  const metrics = { 'a{b="one"}': 1, 'a{b="two",c="x"}': 2, 'ab{b="one"}': 3, a: 4 };
  assert.deepEqual(samplesOf(metrics, 'a'), [
    { sample: 'a{b="one"}', labels: ['one'], value: 1 },
    { sample: 'a{b="two",c="x"}', labels: ['two', 'x'], value: 2 },
  ]);
});

test('a mean covers the last few snapshots', () => {
  const metrics = new Metrics();
  const look = (time, sum, count) => metrics.add({ time, metrics: { 't_sum{n="a"}': sum, 't_count{n="a"}': count } });
  look(1000, 2, 4);
  assert.equal(metrics.mean('t', 'n="a"'), null);
  look(2000, 5, 10);
  assert.equal(metrics.mean('t', 'n="a"'), 0.5);
  assert.equal(metrics.mean('t', 'n="b"'), null);
  look(3000, 1, 4); // reconnected, and busier than before
  assert.equal(metrics.mean('t', 'n="a"'), 0.25);
});

test('rates are per second, and start again with the server', () => {
  const metrics = new Metrics();
  const look = (time, n, start) => metrics.add({ time, metrics: { n, 'x{t="1"}': n, 'x{t="2"}': 2 * n, peal_start_time_seconds: start } });
  look(1000, 10, 1);
  assert.equal(metrics.rate('n'), null);
  look(3000, 30, 1);
  assert.equal(metrics.rate('n'), 10);
  assert.equal(metrics.highestRate('x'), 20);
  assert.equal(metrics.lastMinute('n'), 20);
  look(4000, 1, 4);
  assert.equal(metrics.rate('n'), null);
  assert.equal(metrics.lastMinute('n'), 0);
  for (let i = 0; i < 100; i += 1) look(5000 + i * 1000, i, 4);
  assert.equal(metrics.lastMinute('n'), 60);
});

test('numbers are formatted for reading', () => {
  assert.deepEqual([0, 0.123, 9.99, 1234.5, null].map(format.rate), ['0', '0.12', '9.99', '1,235', '–']);
  assert.deepEqual([0, 0.0692, 1.234, 12.34, 123.4, null].map(format.ms), ['0 ms', '0.07 ms', '1.23 ms', '12.3 ms', '123 ms', '–']);
  assert.deepEqual([0.0417, 12.34, 100].map(format.percent), ['0.04 %', '12.3 %', '100 %']);
  assert.deepEqual([0, 1, 2, 1000].map((n) => format.counted(n, 'connection')), [
    '0 connections', '1 connection', '2 connections', '1,000 connections']);
  assert.deepEqual([0, 999, 1000, 12_340_000].map(format.bytes), ['0 B', '999 B', '1 KB', '12.3 MB']);
  assert.deepEqual([0, 59, 60, 3700, 90_000].map(format.duration), ['0 s', '59 s', '1 min', '1 h 1 min', '1 d 1 h']);
});
