//! What the report says of a file that is taken.

use crate::content::interchange::{Outcome, Translated};
use crate::service::import::Run;
use crate::service::import::plan::Plan;
use crate::service::import::put;

impl Run<'_> {
    /// Counts what was in the text that Markdown does not have.
    pub(super) fn constructs(&mut self, key: &str, translated: &Translated) {
        for finding in &translated.findings {
            let outcome = match finding.outcome {
                Outcome::Translated => "translated",
                Outcome::Text => "left as text",
                Outcome::LeftOut => "not shown",
            };
            self.report.constructs.add(format!("{}, {outcome}", finding.kind), key);
        }
    }

    /// Says what is not quite as the file has it.
    pub(super) fn remark(&mut self, plan: &Plan) {
        let header = &plan.header;
        let mut remark = |text: String| self.report.remarks.push((header.key.clone(), text));
        header.remarks.iter().cloned().for_each(&mut remark);
        if plan.slug != header.slug && plan.known.is_none() {
            remark(format!("Its address “{}” is taken; it is “{}” now.", header.slug, plan.slug));
        }
        let lost = put::lost_tags(&header.document.tags);
        if !lost.is_empty() {
            remark(format!("These tags have no letter or are too many, and are left out: {}.", lost.join(", ")));
        }
    }
}
