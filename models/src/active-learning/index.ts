export {
  type ChooseOptions,
  type ChosenQuestion,
  chooseQuestions,
  type QuestionCandidate,
  uncertainty,
} from './choose.js';
