import './github/actions/create-issue.js';
import './github/syncs/issues.js';
