"""ComponentImages: in which images the components of pipelines run, and with what in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.pipelines.packages.component_environment import ComponentEnvironment
from pytest_kubeflow.pipelines.packages.package import Package


@dataclass(frozen=True, slots=True)
class ComponentImages:
    """`base` replaces the image of plain Python components; `mirrors` are for all of them.

    So is the `environment`.
    """

    base: str | None = None
    mirrors: ImageMirrors = field(default_factory=ImageMirrors)
    environment: ComponentEnvironment = field(default_factory=ComponentEnvironment)

    @classmethod
    def configured(cls, config: KubeflowConfig) -> ComponentImages:
        """As options say. The default of --kf-base-image replaces nothing."""
        given = config.origin("base_image") != "default"
        base = config.kubernetes.base_image if given else None
        return cls(
            base, ImageMirrors(config.images.mirrors), ComponentEnvironment.configured(config)
        )

    def applied(self, package: Package) -> Package:
        """The package with these images."""
        if self.base is not None:
            package = package.with_base_image(self.base)
        if self.mirrors:
            package = package.with_images(self.mirrors.of)
        return self.environment.applied(package)


AS_THEY_ARE = ComponentImages()
