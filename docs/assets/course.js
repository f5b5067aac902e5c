/** What every page of the course runs. */

import "./lab-panel.js";
import "./tasks.js";
import "./quiz.js";
import "./done-mark.js";
import "./progress-page.js";
import "./offline.js";
import "./terms.js";
import "./print.js";
import "./resume.js";
