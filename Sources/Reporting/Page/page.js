'use strict';
const said = document.getElementById('said');

function key(row, column) {
  const cell = row.cells[column];
  if (!cell) return '';
  const value = cell.dataset.value;
  return value === undefined ? cell.textContent : Number(value);
}

function sort(table, column, descending) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  rows.sort((a, b) => {
    const x = key(a, column), y = key(b, column);
    const numbers = typeof x === 'number' && typeof y === 'number';
    if (!numbers && typeof x !== typeof y) return typeof x === 'number' ? -1 : 1;
    const order = numbers ? x - y : String(x).localeCompare(String(y), 'en', { numeric: true });
    return descending ? -order : order;
  });
  rows.forEach(row => body.append(row));
}

for (const table of document.querySelectorAll('table.sortable')) {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
    const first = table.tBodies[0].rows[0];
    const isNumber = first && typeof key(first, column) === 'number';
    const now = head.getAttribute('aria-sort');
    const descending = now ? now === 'ascending' : Boolean(isNumber);
    heads.forEach(other => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    sort(table, column, descending);
    said.textContent = 'Sorted by ' + head.textContent + (descending ? ', descending' : ', ascending');
  }));
}

const data = JSON.parse(document.getElementById('pairs').textContent);
const choice = ['first', 'second'].map(name => document.getElementById(name));
const sign = value => (value < 0 ? '−' : value > 0 ? '+' : '') ;
const number = (value, digits) => Math.abs(value).toFixed(digits);
const signed = (value, digits) => {
  const text = number(value, digits);
  return (Number(text) === 0 ? '' : sign(value)) + text;
};

function digits(low, high) {
  const half = (high - low) / 2;
  return half > 0 ? Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(half)))) : 2;
}

function cell(row, text, value) {
  const cell = row.insertCell();
  cell.textContent = text;
  if (value !== undefined) { cell.dataset.value = value; cell.className = 'number'; }
}

function compare() {
  const [a, b] = choice.map(select => Number(select.value));
  const body = document.querySelector('#differences tbody');
  body.textContent = '';
  for (const task of data.tasks) {
    const pair = task.pairs.find(p => (p[0] === a && p[1] === b) || (p[0] === b && p[1] === a));
    if (!pair) continue;
    const flip = pair[0] === a ? 1 : -1;
    const ends = [flip * pair[3], flip * pair[4]].sort((x, y) => x - y);
    const difference = flip * pair[2];
    const places = digits(ends[0], ends[1]);
    const better = task.higher ? difference > 0 : difference < 0;
    const row = body.insertRow();
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = task.name;
    row.append(head);
    cell(row, signed(difference, places) + ' [' + signed(ends[0], places) + ', ' +
      signed(ends[1], places) + '] ' + task.unit, difference);
    cell(row, pair[5] < 0.001 ? '<0.001' : pair[5].toFixed(3), pair[5]);
    cell(row, number(pair[6], places), pair[6]);
    cell(row, ends[0] > 0 || ends[1] < 0 ? (better ? 'second is better' : 'first is better')
      : 'cannot be told apart');
  }
  const names = choice.map(select => select.selectedOptions[0].textContent);
  document.querySelector('#differences caption').textContent =
    body.rows.length ? 'From ' + names[0] + ' to ' + names[1] + ', on the same images'
      : 'No task in common, the same checkpoint twice, or differences that the page does not hold';
  said.textContent = document.querySelector('#differences caption').textContent;
}

if (choice[0]) {
  choice.forEach(select => select.addEventListener('change', compare));
  compare();
  said.textContent = '';
}
