"""What a table of scores says: pure functions of data frames."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from disent_tf.metrics.rank_correlation import RankCorrelation, rank_correlation

MAIN_KEYS = {
    "beta_vae_sklearn": "eval_accuracy",
    "factor_vae": "eval_accuracy",
    "mig": "discrete_mig",
    "dci": "disentanglement",
    "modularity_explicitness": "modularity_score",
    "sap_score": "SAP_score",
    "sap_score_continuous": "SAP_score",
    "irs": "IRS",
    "unsupervised_metrics": "gaussian_total_correlation",
    "downstream_task_logistic_regression": "10000:mean_test_accuracy",
    "downstream_task_boosted_trees": "10000:mean_test_accuracy",
    "strong_downstream_task": "1000:mean_strong_test_accuracy",
    "fairness": "mean_fairness:mean_pred:mean_sens",
    "higgins": "test_accuracy",
    "single_factor_change": "test_accuracy",
    "svm_accuracy": "test_accuracy",
    "aam_mmig": "aam_histogram",
    "posterior_information": "aam_quadrature",
    "sparsity": "hoyer_sparsity",
    "mig_sup": "mig_sup",
    "dcimig": "dcimig",
    "jemmig": "jemmig_normalized",
    "sepin": "wsepin_normalized",
    "mcc": "mcc_spearman",
    "infomec": "infom",
    "elbo": "elbo",
    "udr": "model_score",
}
"""The key that stands for a metric where one number has to, by its usual name and protocol."""

LOWER_IS_BETTER = ("fairness", "unsupervised_metrics")


def main_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of the metrics' main keys, with texts as such.

    A metric that `MAIN_KEYS` does not know has none.
    """
    keys = [name for name in MAIN_KEYS if name in set(table["metric"].unique())]
    kept = table[table["metric"].isin(keys) & table["key"].isin(set(MAIN_KEYS.values()))]
    texts = [name for name in kept.columns if isinstance(kept[name].dtype, pd.CategoricalDtype)]
    kept = kept.astype(dict.fromkeys(texts, object))
    return kept[kept["key"] == kept["metric"].map(MAIN_KEYS)]


def main_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Returns the table with a column for each metric's main key: one row for each run, index run.

    Infinite scores count as missing.
    """
    kept = main_rows(table)
    wide = kept.pivot_table(index="run", columns="metric", values="value", sort=False, dropna=False)
    return wide.replace([np.inf, -np.inf], np.nan).dropna(axis=1, how="all")


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Returns, for each setting, metric and key: num, mean, std (of a sample), min, quartiles and max over seeds."""
    groups = table.groupby(["setting", "metric", "key"], sort=False, observed=True)["value"]
    found = groups.agg(["count", "mean", "std", "min", _quantile(0.25), "median", _quantile(0.75), "max"])
    return found.rename(columns={"count": "num"}).reset_index()


def correlations(table: pd.DataFrame) -> RankCorrelation:
    """Returns Spearman's rank correlation between metrics, over runs, by their main keys.

    Of one data set: where there are several, what tells the sets apart would be taken for agreement.
    """
    scores = main_scores(table)
    return rank_correlation({name: scores[name].to_numpy(np.float64) for name in scores.columns})


def variance_explained(table: pd.DataFrame) -> pd.DataFrame:
    """Returns for each metric's main key which share of its variance within data sets is told by what.

    Columns: objective (R² of the means of each objective), setting (of each setting: objective and hyper-parameters),
    and seed, what is left. Data sets have means of their own, and their differences do not count. Locatello et al.
    (2019), section 5.4.

    One run of a setting tells nothing of seeds: R² then is 1.
    """
    scores, runs = main_scores(table), _runs(table)
    rows = {}
    for metric in scores.columns:
        values = scores[metric].dropna()
        about = runs.loc[values.index]
        data = about["data"].astype(object).fillna("")
        values = values - values.groupby(data).transform("mean")
        objective = _r_squared(values, [about["objective"], data])
        setting = _r_squared(values, [about["setting"]])
        rows[metric] = {"objective": objective, "setting": setting, "seed": 1.0 - setting}
    return pd.DataFrame(rows).T.rename_axis("metric").reset_index()


def transfer(table: pd.DataFrame) -> pd.DataFrame:
    """Returns how well settings chosen on one data set do on another.

    For each metric's main key and ordered pair of data sets: the rank correlation of the settings' means, and the
    probability that the best setting of the one is better on the other than a random other setting. Locatello et al.
    (2019), section 5.5. Empty where the study has one data set.
    """
    scores, runs = _goodness(main_scores(table)), _runs(table)
    rows = []
    for metric in scores.columns:
        means = scores[metric].groupby([runs["data"], runs["recipe"]]).mean().unstack(0).dropna()
        for source in means.columns if len(means) else ():  # Two sets may have no recipe in common, so far.
            for target in means.columns.drop(source):
                best = means[source].idxmax()
                won = (means[target].drop(best) < means.loc[best, target]).to_list()
                pair = {name: means[name].to_numpy(np.float64) for name in (source, target)}
                correlation = rank_correlation(pair).correlation[0, 1]
                rows.append([metric, source, target, correlation, float(np.mean(won)) if won else np.nan, len(means)])
    return pd.DataFrame(
        rows, columns=["metric", "chosen_on", "used_on", "rank_correlation", "beats_random", "settings"]
    )


def chosen_by(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Returns the run that one metric finds best, and how it ranks by each other metric: 1 is best, of num runs.

    Of one data set, as scores of several do not compare.

    Columns: run, metric, value, rank, num; empty without that metric.
    """
    scores = main_scores(table)
    if metric not in scores.columns or scores[metric].dropna().empty:
        return pd.DataFrame(columns=["run", "metric", "value", "rank", "num"])
    best = _goodness(scores)[metric].idxmax()
    ranks = _goodness(scores).rank(ascending=False, method="min")
    rows = [
        [best, name, scores.loc[best, name], ranks.loc[best, name], scores[name].count()] for name in scores.columns
    ]
    found = pd.DataFrame(rows, columns=["run", "metric", "value", "rank", "num"])
    return found.astype({"rank": "Int64", "num": "Int64"})


def by_data(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Returns the rows of each data set by its name; that of the objectives' own sets is empty."""
    names = table["data"].astype(object).fillna("")
    return {str(name): table[names == name] for name in names.unique()}


def _goodness(scores: pd.DataFrame) -> pd.DataFrame:
    """Returns scores that are the better the higher they are."""
    return scores.assign(**{name: -scores[name] for name in LOWER_IS_BETTER if name in scores.columns})


def _runs(table: pd.DataFrame) -> pd.DataFrame:
    return main_rows(table).drop_duplicates("run").set_index("run")[["objective", "data", "recipe", "setting"]]


def _r_squared(values: pd.Series, groups: list[pd.Series]) -> float:
    total = ((values - values.mean()) ** 2).sum()
    within = ((values - values.groupby(groups).transform("mean")) ** 2).sum()
    return float(1.0 - within / total) if total > 0 else float("nan")


def _quantile(share: float) -> Callable[[pd.Series], float]:
    def quantile(values: pd.Series) -> float:
        with np.errstate(invalid="ignore"):  # Between infinite scores is NaN.
            return values.quantile(share)

    quantile.__name__ = f"q{round(100 * share)}"
    return quantile
