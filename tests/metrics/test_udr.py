import numpy as np
import pytest
import scipy.stats
from sklearn.linear_model import Lasso

from disent_tf.errors import InputError
from disent_tf.metrics import _lasso, udr

KINDS = ("lasso", "spearman")


def _codes(seed, num=400, num_codes=5):
    random_state = np.random.RandomState(seed)
    return random_state.standard_normal((num, num_codes)) @ random_state.standard_normal((num_codes, num_codes))


def _rank(codes, kl=None, **options):
    return udr.rank_models(codes, [np.ones(np.shape(each)[1]) for each in codes] if kl is None else kl, **options)


@pytest.fixture(scope="module")
def reference(golden):
    expected = golden.json("expected_exact_small")["udr"]
    return [golden.exact("small", model)[0].T for model in expected["models"]], expected


@pytest.mark.parametrize("filtered", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_golden_ranking(golden, reference, kind, filtered):
    codes, expected = reference
    ranking = _rank(codes, expected["kl_per_model"], correlation_matrix=kind, filter_low_kl=filtered, form="dlib")
    scores = expected[f"{kind}_filter_low_kl_{filtered}"]
    np.testing.assert_allclose(ranking.pairwise, scores["pairwise_disentanglement_scores"], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ranking.model_scores, scores["model_scores"], rtol=1e-9, atol=1e-14)
    raw = golden.arrays("golden/inputs_small")[f"udr_raw_correlations_{kind}"]  # NaN with a blanked code, by rank.
    np.testing.assert_allclose(np.array(ranking.similarities), raw, rtol=1e-9, atol=1e-12)


def test_golden_pair(golden):
    expected = golden.json("expected_formulas")["udr_pair"]
    vec1, vec2 = np.array(expected["vec1"]), np.array(expected["vec2"])
    lasso, spearman = udr.lasso_correlation_matrix(vec1, vec2, 3), udr.spearman_correlation_conv(vec1, vec2)
    np.testing.assert_allclose(lasso, expected["lasso"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(spearman, expected["spearman"], rtol=1e-9, atol=1e-12)
    for matrix, name in ((lasso, "lasso"), (spearman, "spearman")):
        score = udr.relative_strength_disentanglement(matrix)
        assert score == pytest.approx(expected[f"relative_strength_{name}"], rel=1e-9)


def test_lasso_stops_where_scikit_learn_stops():
    signal, noise = np.random.RandomState(0).standard_normal((2, 400, 5))
    features = np.hstack([signal, 0.3 * noise - signal])  # Highly correlated, so that it converges slowly.
    features[:, 3] = 0.0
    targets = np.hstack([signal + noise, np.zeros((400, 1))])
    features, targets = features - features.mean(axis=0), targets - targets.mean(axis=0)
    expected = Lasso(alpha=0.1).fit(features, targets).coef_.T
    np.testing.assert_allclose(_lasso.weights(features, targets, 0.1), expected, rtol=1e-9, atol=1e-12)
    converged = Lasso(alpha=0.1, tol=1e-12, max_iter=100_000).fit(features, targets).coef_.T
    assert np.abs(expected - converged).max() > 1e-6  # So the rule to stop is what is tested.


def test_spearman_of_ties_is_that_of_scipy():
    first, second = np.round(_codes(2)), np.round(_codes(3, num_codes=2))
    expected = np.abs(scipy.stats.spearmanr(first, second).statistic[:5, 5:])
    np.testing.assert_allclose(udr.spearman_correlation_conv(first, second), expected, rtol=1e-9)


def test_form_of_the_paper_counts_every_code_once():
    similarity = np.array([[0.9, 0.1, 0.2], [0.0, 0.8, 0.3]])
    columns = 0.9**2 / 0.9 + 0.8**2 / 0.9 + 0.3**2 / 0.5
    rows = 0.9**2 / 1.2 + 0.8**2 / 1.1
    assert udr.shared_disentanglement(similarity) == pytest.approx((columns + rows) / 5)
    assert udr.relative_strength_disentanglement(similarity) == pytest.approx((columns / 3 + rows / 2) / 2)


def test_the_forms_agree_for_as_many_informative_codes():
    codes = [_codes(seed) for seed in range(3)]
    np.testing.assert_allclose(_rank(codes).pairwise, _rank(codes, form="dlib").pairwise, rtol=1e-12)


@pytest.mark.parametrize("form", ["paper", "dlib"])
@pytest.mark.parametrize("kind", KINDS)
def test_permuted_and_inverted_codes_are_the_same_model(kind, form):
    independent = np.random.RandomState(0).standard_normal((20_000, 4))
    rotation = scipy.stats.ortho_group(4).rvs(random_state=0)
    codes = [independent, -3.0 * independent[:, [2, 0, 3, 1]], independent @ rotation]
    ranking = _rank(codes, correlation_matrix=kind, form=form)
    assert ranking.pairwise[0, 1] > 0.85
    assert ranking.model_scores.argmin() == 2
    again = _rank([each[:, ::-1] for each in codes[::-1]], correlation_matrix=kind, form=form)
    np.testing.assert_allclose(again.model_scores[::-1], ranking.model_scores, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_threshold_is_the_only_one_in_the_form_of_the_paper(kind):
    codes = [_codes(0)] * 2  # The same model twice, its last code just above a low threshold.
    kl, options = [[1.0, 1.0, 1.0, 1.0, 0.005]] * 2, {"kl_filter_threshold": 0.001, "correlation_matrix": kind}
    assert np.all(np.diag(_rank(codes, kl, **options).similarities[0][1]) > 0.5)
    blanked = _rank(codes, kl, form="dlib", **options).similarities[0][1][4]
    assert np.all(np.isnan(blanked) | (blanked == 0))


def test_code_of_low_kl_has_no_say():
    signal = np.random.RandomState(0).standard_normal((500, 3))
    padded = [np.hstack([signal, _codes(seed, 500)]) for seed in (1, 2)]
    kl = [[1.0] * 3 + [0.01] * 5] * 2
    np.testing.assert_allclose(_rank(padded, kl).pairwise, _rank([signal, signal]).pairwise, rtol=1e-9)
    assert _rank(padded, kl, filter_low_kl=False).pairwise[0, 1] < _rank(padded, kl).pairwise[0, 1]


@pytest.mark.parametrize("form", ["paper", "dlib"])
@pytest.mark.parametrize("kind", KINDS)
def test_models_without_informative_or_with_constant_codes_have_defined_scores(kind, form):
    codes = [_codes(0), _codes(0), np.full((400, 2), 0.1)]
    for kl in ([np.ones(5), np.ones(5), np.zeros(2)], [np.ones(5), np.ones(5), np.ones(2)]):
        ranking = _rank(codes, kl, correlation_matrix=kind, form=form)
        assert ranking.pairwise[0, 1] > 0
        np.testing.assert_array_equal(ranking.pairwise[2], 0.0)
        np.testing.assert_array_equal(ranking.pairwise[:, 2], 0.0)


@pytest.mark.parametrize("form", ["paper", "dlib"])
@pytest.mark.parametrize("kind", KINDS)
def test_models_may_have_unequal_numbers_of_codes(kind, form):
    codes = [_codes(0), _codes(1, num_codes=3), _codes(2, num_codes=1)]
    ranking = _rank(codes, correlation_matrix=kind, form=form)
    assert ranking.similarities[0][1].shape == (5, 3)
    assert np.isfinite(ranking.model_scores).all()
    alone = _rank([codes[0], codes[2]], correlation_matrix=kind, form=form)
    np.testing.assert_allclose(alone.similarities[1][0], ranking.similarities[2][0], rtol=1e-9, atol=1e-15)


def test_score_of_a_model_is_the_median_of_the_others_that_tell_its_codes():
    ranking = _rank([_codes(seed) for seed in range(4)])
    expected = [np.median([ranking.pairwise[i, j] for i in range(4) if i != j]) for j in range(4)]
    np.testing.assert_allclose(ranking.model_scores, expected)


@pytest.mark.parametrize("batch_size", [10, 16])  # It has no effect.
def test_protocol_draws_batches_for_all_models(data_of, batch_size):
    data = data_of(lambda factors, noise: factors + 0.3 * noise[:, :4])
    seen = []

    def model(observations):
        seen.append(len(observations))
        return observations, np.full(4, len(seen) / 100)

    functions = [model, lambda observations: (observations[:, :2] ** 3, np.ones(2))]
    result = udr.compute_udr_sklearn(data, functions, np.random.RandomState(0), batch_size, 25, kl_filter_threshold=0.0)
    random_state = np.random.RandomState(0)
    codes = np.concatenate([data.sample_observations(num, random_state) for num in (10, 10, 5)])
    expected = _rank([codes, codes[:, :2] ** 3])
    assert seen == [10, 10, 5]
    np.testing.assert_allclose(result["model_scores"], expected.model_scores)
    assert np.shape(result["pairwise_disentanglement_scores"]) == (2, 2, 1)
    np.testing.assert_allclose(result["raw_correlations"][0][1], expected.similarities[0][1])
    assert np.shape(result["raw_correlations"][1][1]) == (2, 2)


def test_kl_is_the_mean_over_points(gridless_data):
    calls = iter([0.0, 0.0, 0.05])  # Batches of 10, 10 and 5: 0.01, which is not above the threshold.

    def model(observations):
        return observations, np.full(10, next(calls))

    functions = [model, lambda observations: (observations, np.ones(10))]
    result = udr.compute_udr_sklearn(
        gridless_data, functions, np.random.RandomState(0), 10, 25, include_raw_correlations=False
    )
    assert result == {"model_scores": [0.0, 0.0], "pairwise_disentanglement_scores": [[[0.0], [0.0]]] * 2}


def test_gin_binds_all_but_what_is_given(clean_gin):
    clean_gin.parse_config("compute_udr_sklearn.form = 'dlib'")
    with pytest.raises(ValueError, match="representation_functions"):
        clean_gin.parse_config("compute_udr_sklearn.representation_functions = ()")


@pytest.mark.parametrize(
    ("codes", "kl", "options", "message"),
    [
        ([np.zeros((3, 2))], [np.ones(2)], {}, "number of models is 1"),
        ([np.zeros((3, 2))] * 2, [np.ones(2)] * 3, {}, "do not fit"),
        ([np.zeros((3, 2))] * 2, [np.ones(3)] * 2, {}, "do not fit"),
        ([np.zeros((3, 2)), np.zeros((4, 2))], [np.ones(2)] * 2, {}, "do not fit"),
        ([np.zeros((3, 2)), np.full((3, 2), np.nan)], [np.ones(2)] * 2, {}, "codes of model 1 hold 6 values"),
        ([np.zeros((3, 2))] * 2, [np.full(2, np.inf)] * 2, {}, "KL divergences hold 2 values"),
        (
            [np.zeros((3, 2))] * 2,
            [np.ones(2)] * 2,
            {"correlation_matrix": "pearson"},
            "correlation_matrix is 'pearson'",
        ),
        ([np.zeros((3, 2))] * 2, [np.ones(2)] * 2, {"form": "new"}, "form is 'new'"),
    ],
)
def test_bad_input_is_told_in_one_line(codes, kl, options, message):
    with pytest.raises(InputError, match=message) as error:
        _rank(codes, kl, **options)
    assert "\n" not in str(error.value)


def test_representation_functions_have_to_give_kl(gridless_data):
    with pytest.raises(InputError, match="returned no pair"):
        udr.compute_udr_sklearn(gridless_data, [lambda x: x] * 2, np.random.RandomState(0))
    with pytest.raises(InputError, match="number of models is 1"):
        udr.compute_udr_sklearn(gridless_data, [lambda x: x], np.random.RandomState(0))
