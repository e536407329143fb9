"""The messages of Katib's gRPC services, described by a table.

Numbers: kubeflow/katib v0.19.0, pkg/apis/manager/v1beta1/api.proto. The package `kubeflow-katib`
itself cannot be used, as it pins a protobuf of before 5; on the wire both are the same.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from pytest_kubeflow.local.messagetable import MessageTable

PACKAGE = "api.v1.beta1"
DB_MANAGER, SUGGESTION, EARLY_STOPPING = (
    f"{PACKAGE}.{name}" for name in ("DBManager", "Suggestion", "EarlyStopping")
)

ENUMS = {
    "ParameterType": ("UNKNOWN_TYPE", "DOUBLE", "INT", "DISCRETE", "CATEGORICAL"),
    "Distribution": ("DISTRIBUTION_UNSPECIFIED", "UNIFORM", "LOG_UNIFORM", "NORMAL", "LOG_NORMAL"),
    "ObjectiveType": ("UNKNOWN", "MINIMIZE", "MAXIMIZE"),
    "ComparisonType": ("UNKNOWN_COMPARISON", "EQUAL", "LESS", "GREATER"),
    "TrialConditionType": (
        *("CREATED", "RUNNING", "SUCCEEDED", "KILLED", "FAILED", "METRICSUNAVAILABLE"),
        *("EARLYSTOPPED", "UNKNOWN"),
    ),
}

_MESSAGES = {
    "Metric": "1 name string, 2 value string",
    "MetricLog": "1 time_stamp string, 2 metric Metric",
    "ObservationLog": "1 metric_logs *MetricLog",
    "Observation": "1 metrics *Metric",
    "ReportObservationLogRequest": "1 trial_name string, 2 observation_log ObservationLog",
    "ReportObservationLogReply": "",
    "GetObservationLogRequest": (
        "1 trial_name string, 2 metric_name string, 3 start_time string, 4 end_time string"
    ),
    "GetObservationLogReply": "1 observation_log ObservationLog",
    "DeleteObservationLogRequest": "1 trial_name string",
    "DeleteObservationLogReply": "",
    "FeasibleSpace": (
        "1 max string, 2 min string, 3 list *string, 4 step string, 5 distribution Distribution"
    ),
    "ParameterSpec": (
        "1 name string, 2 parameter_type ParameterType, 3 feasible_space FeasibleSpace"
    ),
    "ParameterSpecs": "1 parameters *ParameterSpec",
    "ObjectiveSpec": (
        "1 type ObjectiveType, 2 goal double, 3 objective_metric_name string, "
        "4 additional_metric_names *string"
    ),
    "Setting": "1 name string, 2 value string",
    "AlgorithmSpec": "1 algorithm_name string, 2 algorithm_settings *Setting",
    "ExperimentSpec": (
        "1 parameter_specs ParameterSpecs, 2 objective ObjectiveSpec, 3 algorithm AlgorithmSpec, "
        "4 early_stopping AlgorithmSpec, 5 parallel_trial_count int32, 6 max_trial_count int32"
    ),
    "Experiment": "1 name string, 2 spec ExperimentSpec",
    "ParameterAssignment": "1 name string, 2 value string",
    "Assignments": "1 assignments *ParameterAssignment",
    "TrialSpec": (
        "2 objective ObjectiveSpec, 3 parameter_assignments Assignments, 4 labels {}string"
    ),
    "TrialStatus": (
        "1 start_time string, 2 completion_time string, 3 condition TrialConditionType, "
        "4 observation Observation"
    ),
    "Trial": "1 name string, 2 spec TrialSpec, 3 status TrialStatus",
    "GetSuggestionsRequest": (
        "1 experiment Experiment, 2 trials *Trial, 4 current_request_number int32, "
        "5 total_request_number int32"
    ),
    "SuggestedAssignments": (
        "1 assignments *ParameterAssignment, 2 trial_name string, 3 labels {}string"
    ),
    "EarlyStoppingRule": (
        "1 name string, 2 value string, 3 comparison ComparisonType, 4 start_step int32"
    ),
    "GetSuggestionsReply": (
        "1 parameter_assignments *SuggestedAssignments, 2 algorithm AlgorithmSpec, "
        "3 early_stopping_rules *EarlyStoppingRule"
    ),
    "ValidateAlgorithmSettingsRequest": "1 experiment Experiment",
    "ValidateAlgorithmSettingsReply": "",
    "GetEarlyStoppingRulesRequest": (
        "1 experiment Experiment, 2 trials *Trial, 3 db_manager_address string"
    ),
    "GetEarlyStoppingRulesReply": "1 early_stopping_rules *EarlyStoppingRule",
    "SetTrialStatusRequest": "1 trial_name string",
    "SetTrialStatusReply": "",
    "ValidateEarlyStoppingSettingsRequest": "1 early_stopping AlgorithmSpec",
    "ValidateEarlyStoppingSettingsReply": "",
    "HealthCheckRequest": "1 service string",
    "HealthCheckResponse": "1 status int32",
}

_TABLE = MessageTable(PACKAGE, ENUMS, _MESSAGES)


def message_class(name: str) -> type[Any]:
    """The class of a message of Katib. KeyError: there is none of this name."""
    return _TABLE.message_class(name)


def new(message: str, /, **fields: Any) -> Message:
    """The message named `message`, with these fields set."""
    return _TABLE.new(message, **fields)
