export { type Dashboard, startDashboard } from './dashboard.js';
export { NoPages } from './pages.js';
export { type DashboardSettings, DEFAULT_DASHBOARD_PORT, dashboardSettings } from './settings.js';
