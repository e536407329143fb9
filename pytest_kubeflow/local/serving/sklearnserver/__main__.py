"""Usage: python -m sklearnserver --model_name NAME --model_dir DIRECTORY [--http_port PORT]."""

from __future__ import annotations

import argparse

import kserve
from kserve import logging
from kserve.errors import ModelMissingError
from kserve.logging import logger

from .model import SKLearnModel, SKLearnModelRepository
from .server import PodModelServer


def main() -> None:
    """Serve the one model of the directory or, where there is none, the models of its folders."""
    parser = argparse.ArgumentParser(parents=[kserve.model_server.parser])
    parser.add_argument("--model_dir", required=True, help="where the model file is")
    options, _ = parser.parse_known_args()
    if options.configure_logging:
        logging.configure_logging(options.log_config_file)
    model = SKLearnModel(options.model_name, options.model_dir)
    try:
        model.load()
    except ModelMissingError:
        logger.error(
            f"failed to locate model file for model {options.model_name} under dir "
            f"{options.model_dir}, trying loading from model repository."
        )
        PodModelServer(registered_models=SKLearnModelRepository(options.model_dir)).start([])
        return
    PodModelServer().start([model])


if __name__ == "__main__":
    main()
