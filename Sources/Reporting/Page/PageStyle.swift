/// The page's style sheet: light and dark, narrow and wide, screen and paper.
let pageStyle = """
  :root { color-scheme: light dark; --ground: #ffffff; --ink: #1b1f24; --quiet: #57606a;
    --line: #d0d7de; --band: #f6f8fa; --accent: #0550ae;
    --c0: #0550ae; --c1: #b35900; --c2: #116329; --c3: #a40e26; --c4: #6639ba; --c5: #6f4e37;
    --c6: #99286e; --c7: #4d5157; }
  @media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --ink: #e6edf3; --quiet: #9da7b1;
    --line: #3d444d; --band: #161b22; --accent: #79c0ff;
    --c0: #79c0ff; --c1: #ffa657; --c2: #7ee787; --c3: #ff7b72; --c4: #d2a8ff; --c5: #d9b38c;
    --c6: #ff9bce; --c7: #b1bac4; } }
  * { box-sizing: border-box; }
  body { margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--ground);
    color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
  a { color: var(--accent); }
  .skip { position: absolute; left: -99rem; }
  .skip:focus { left: 1rem; top: 1rem; background: var(--ground); padding: .5rem; }
  nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; }
  h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem;
    border-bottom: 1px solid var(--line); } h3 { font-size: 1.05rem; }
  h1, h2, h3, p, li, dd, summary, figcaption { overflow-wrap: anywhere; }
  td, th { overflow-wrap: break-word; max-width: 24rem; } td.long { min-width: 18rem; }
  .quiet { color: var(--quiet); }
  .wide { overflow-x: auto; margin: 1rem 0; }
  table { border-collapse: collapse; font-size: .9rem; }
  caption { text-align: left; color: var(--quiet); padding: .25rem 0; }
  th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left;
    vertical-align: top; min-width: 4.5rem; }
  th[scope=row] { font-weight: 600; min-width: 9rem; background: var(--ground); }
  thead th { background: var(--band); padding: 0; }
  .wide th:first-child { position: sticky; left: 0; }
  thead button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0;
    padding: .3rem .7rem; width: 100%; text-align: left; cursor: pointer; }
  thead button::after { content: " ↕"; color: var(--quiet); }
  th[aria-sort=ascending] button::after { content: " ↑"; color: var(--accent); }
  th[aria-sort=descending] button::after { content: " ↓"; color: var(--accent); }
  td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
  select { font: inherit; max-width: 100%; }
  dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .1rem 1rem; }
  dt { color: var(--quiet); } dd { margin: 0; }
  pre { overflow-x: auto; background: var(--band); padding: .75rem; font-size: .8rem; }
  img { max-width: 100%; image-rendering: pixelated; }
  .strips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 34rem), 1fr));
    gap: .5rem 1.5rem; }
  .strips figure { margin: 0; break-inside: avoid; }
  .strips img { display: block; width: 100%; max-width: 44rem; margin: 2px 0; }
  .plot { width: 100%; height: auto; font-size: 12px; fill: var(--ink); }
  .plot .grid { stroke: var(--line); } .plot .bar { stroke: var(--accent); stroke-width: 3; }
  .plot .dot { fill: var(--accent); } .plot .curve { fill: none; stroke-width: 2; }
  .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); }
  .c3 { stroke: var(--c3); } .c4 { stroke: var(--c4); } .c5 { stroke: var(--c5); }
  .c6 { stroke: var(--c6); } .c7 { stroke: var(--c7); }
  .d1 { stroke-dasharray: 6 3; } .d2 { stroke-dasharray: 2 3; }
  @media (max-width: 40rem) { th[scope=row] { max-width: 9rem; overflow-wrap: anywhere; }
    dl { grid-template-columns: 1fr; } dd { margin: 0 0 .4rem; } }
  @media print { nav, .choice, thead button::after { display: none; } .wide { overflow: visible; }
    .wide th:first-child { position: static; }
    h2, tr, svg { break-inside: avoid; } details > * { display: block; } }
  """
