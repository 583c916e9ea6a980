"""`duewell simulate`: what would happen if, day by day, without any server."""

from pathlib import Path


def simulate(*file: Path, json: bool = False) -> int:
    """Live through scenarios and show what happens; docs/scenarios.md describes their files. No server is needed.

    Parameters
    ----------
    file
        Files of scenarios, .yaml, .yml or .jsonl; all are checked before anything runs.
    json
        Print one JSON object per scenario, each on a line of its own.
    """
    import sys

    from console.failure import ASKED_WRONGLY, Failure
    from console.terminal.printing import out
    from console.terminal.story import print_story, story_line
    from dunning.simulate import simulate as live
    from intake.scenario_file import BadScenario, read_scenarios

    if not file:
        raise Failure("simulate: expected at least one FILE", ASKED_WRONGLY)
    try:
        scenarios = [scenario for path in file for scenario in read_scenarios(path)]
    except BadScenario as error:
        raise Failure(str(error), ASKED_WRONGLY) from error
    console = out()
    for index, scenario in enumerate(scenarios):
        story = live(scenario)
        if json:
            sys.stdout.write(story_line(story) + "\n")
            continue
        if index:
            console.print()
        print_story(console, scenario, story)
    return 0
