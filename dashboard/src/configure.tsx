// The end customers' page. It is Preact, has no router and no store, and speaks the customer's language.
import { CSPProvider } from '@base-ui/react/csp-provider';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/call';
import { ConfigureApi } from './configure/api';
import { embedded, onTheme, readAddress, tell } from './configure/embed';
import { Page, Refused } from './configure/Page';
import { wear } from './configure/theme';
import { chosen, speak, t } from './i18n';
import './styles.css';

const host = document.getElementById('root')!;
const root = createRoot(host);
// The page's styles are all in its one file: nothing has to be injected.
const show = (page: ReactNode) => root.render(<CSPProvider disableStyleElements>{page}</CSPProvider>);

/** The list of the fields may hang over the end of a short page. */
const LEAST_HEIGHT = 420;

async function start() {
  if (embedded) {
    document.documentElement.dataset.embedded = '';
    new ResizeObserver(() => tell({ type: 'bespoke:resize', height: Math.max(LEAST_HEIGHT, Math.ceil(host.getBoundingClientRect().height)) })).observe(host);
    onTheme(wear);
  }
  const { token } = readAddress(location.hash);
  // Until the session says otherwise, the browser's language.
  await speak(chosen(navigator.languages));
  if (!token) return refuse('no_token', t('page.expired.title'), t('page.expired.anyone'));
  const api = new ConfigureApi(token);
  try {
    const session = await api.session();
    await speak(chosen([session.locale, ...navigator.languages]));
    wear(session.theme);
    document.title = t('page.title', { system: session.integration.display_name });
    show(<Page api={api} session={session} />);
    tell({ type: 'bespoke:ready' });
  } catch (error) {
    const gone = error instanceof ApiError && (error.status === 401 || error.status === 404);
    const message = error instanceof Error ? error.message : String(error);
    if (gone) refuse(error.code, t('page.expired.title'), t('page.expired.anyone'));
    else refuse(error instanceof ApiError ? error.code : 'unknown', t('page.failed.title'), message);
  }
}

function refuse(code: string, title: string, message: string) {
  show(<Refused title={title}>{message}</Refused>);
  tell({ type: 'bespoke:error', code, message });
}

void start();
// Another link in the same tab.
window.addEventListener('hashchange', () => location.reload());
