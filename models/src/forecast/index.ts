// Forecast of arrivals per bin, with the capacity to ask for.

export { nameOf } from './candidates.js';
export {
  ForecastDataError,
  type ForecastModel,
  type ForecastOptions,
  type ForecastStep,
  type ForecastStream,
  fitForecast,
  openForecast,
} from './forecast.js';
