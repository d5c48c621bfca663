/** Where the page begins. */
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './page.css';
import { App } from './app.js';
import { applyTheme, storedTheme } from './theme.js';

applyTheme(storedTheme());
const place = document.getElementById('page');
if (place !== null) render(<App />, place);
