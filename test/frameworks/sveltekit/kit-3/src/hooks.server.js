import { site } from "./site.js";

export const handle = (input) => site().handle(input);

export const handleError = ({ error }) => {
  site().thrown(error);
};
