/** Tabs that share one browser's storage, and their closing. */
import { once } from 'node:events';

/** Another tab beside this page, as the same person opens it. */
export async function tabBeside(page) {
  return new page.constructor(await page.native.context().newPage(), page.kind);
}

/** Close a tab as a person does: the page is told, and may say a last word. */
export async function closeTab(page) {
  const gone = once(page.native, 'close');
  await page.native.close({ runBeforeUnload: true });
  await gone;
}
