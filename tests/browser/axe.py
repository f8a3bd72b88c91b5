"""What axe-core finds on a page. The file is Deque's own, from npm's axe-core 4.14.1; Python's packages have older rules."""

from pathlib import Path

FILE = Path(__file__).with_name("axe.min.js")
SERIOUS = """async (part) => {
  const rules = { "label-content-name-mismatch": { enabled: true } };
  const { violations } = await axe.run(part ?? document, { resultTypes: ["violations"], rules });
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
}"""


def faults(page, part=None):
    """What axe-core calls serious or critical on a page, or in the part that a selector names."""
    page.add_script_tag(path=FILE)
    return page.evaluate(SERIOUS, part)
