"""The stage that records the configuration."""

import yaml

from record_configuration import main
from tests.support import stand_in


def test_configuration_is_recorded_whole(tmp_path):
    config = {"runs": {"some": {"protocol": "szt", "widths": [12, 2]}}, "inits_per_chunk": 3}
    path = tmp_path / "config.yaml"
    main(stand_in(output={"record": path}, params={"config": config}))
    assert yaml.safe_load(path.read_text()) == config
