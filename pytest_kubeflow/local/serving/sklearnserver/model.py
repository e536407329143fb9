"""A scikit-learn model, and a directory of such models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import joblib
from kserve import Model
from kserve.errors import InferenceError, ModelMissingError
from kserve.model_repository import ModelRepository
from kserve.utils.utils import get_predict_input, get_predict_response

_EXTENSIONS = (".joblib", ".pkl", ".pickle")


class SKLearnModel(Model):  # type: ignore[misc]
    """Serves the model file in `model_dir`; there must be exactly one."""

    def __init__(self, name: str, model_dir: str) -> None:
        super().__init__(name)
        self._directory = Path(model_dir)
        self._model: Any = None
        self.ready = False

    def load(self) -> bool:
        """Read the model. Raises ModelMissingError, RuntimeError, or whatever unpickling raises."""
        files = [
            one
            for one in sorted(self._directory.iterdir())
            if one.is_file() and one.name.endswith(_EXTENSIONS)
        ]
        if not files:
            raise ModelMissingError(self._directory)
        if len(files) > 1:
            raise RuntimeError(
                "More than one model file is detected, "
                f"Only one is allowed within model_dir: {files}"
            )
        self._model = joblib.load(files[0])
        self.ready = True
        return self.ready

    def predict(self, payload: Any, headers: dict[str, str] | None = None) -> Any:  # noqa: ARG002
        """The answer to a V1 or V2 request; whatever the model does not like is an InferenceError.

        The signature is kserve's.
        """
        try:
            instances = get_predict_input(payload)
            probabilities = os.environ.get("PREDICT_PROBA", "false").lower() == "true"
            if probabilities and hasattr(self._model, "predict_proba"):
                result = self._model.predict_proba(instances)
            else:
                result = self._model.predict(instances)
            return get_predict_response(payload, result, self.name)
        except Exception as error:
            raise InferenceError(str(error)) from error


class SKLearnModelRepository(ModelRepository):  # type: ignore[misc]
    """The models in the folders of `model_dir`, by the folders' names."""

    def __init__(self, model_dir: str) -> None:
        super().__init__(model_dir)
        self.load_models()

    async def load(self, name: str) -> bool:
        """Load one model; the signature is kserve's."""
        return self.load_model(name)

    def load_model(self, name: str) -> bool:
        """Load one model. Raises as `SKLearnModel.load` does."""
        model = SKLearnModel(name, os.path.join(self.models_dir, name))
        if model.load():
            self.update(model)
        return bool(model.ready)
