from disent_tf.training.curves import _truncate


def test_rows_after_the_checkpoint_and_torn_rows_are_dropped(tmp_path):
    curves = tmp_path / "metrics.csv"
    curves.write_text("step,loss\n100,5\n200,4\n300,3\n40")
    _truncate(curves, 200)
    assert curves.read_text() == "step,loss\n100,5\n200,4\n"


def test_a_curve_without_a_whole_header_starts_anew(tmp_path):
    for text in ("", "step,lo"):
        (tmp_path / "metrics.csv").write_text(text)
        _truncate(tmp_path / "metrics.csv", 0)
        assert not (tmp_path / "metrics.csv").exists()
