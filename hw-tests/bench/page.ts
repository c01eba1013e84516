// A self-contained page: no script, no request. Texts are escaped here; sections and plots come as HTML.
import { pageStyle } from './page-style.ts';

export function page(title: string, subtitle: string, sections: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(subtitle)}</p>
${sections.join('\n')}
</body>
</html>
`;
}

export function figure(caption: string, svg: string): string {
  return `<figure><figcaption><h2>${escapeHtml(caption)}</h2></figcaption><div class="plot">${svg}</div></figure>`;
}

export function tableSection(heading: string, [head = [], ...rows]: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => row(cells, 'td')).join('\n');
  return `<section><h2>${escapeHtml(heading)}</h2><div class="plot"><table><thead>${row(head, 'th')}</thead>
<tbody>${body}</tbody></table></div></section>`;
}

export function listSection(heading: string, items: readonly string[]): string {
  return `<section><h2>${escapeHtml(heading)}</h2><ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n')}</ul></section>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
