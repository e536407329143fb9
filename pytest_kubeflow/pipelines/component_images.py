"""ComponentImages: in which images the components of pipelines run, as the user wants it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.pipelines.package import Package


@dataclass(frozen=True, slots=True)
class ComponentImages:
    """`base` replaces the image of plain Python components; `mirrors` are for all of them."""

    base: str | None = None
    mirrors: ImageMirrors = field(default_factory=ImageMirrors)

    @classmethod
    def configured(cls, config: KubeflowConfig) -> ComponentImages:
        """As options say. The default of --kf-base-image replaces nothing."""
        given = config.origin("base_image") != "default"
        base = config.kubernetes.base_image if given else None
        return cls(base, ImageMirrors(config.images.mirrors))

    def applied(self, package: Package) -> Package:
        """The package with these images."""
        if self.base is not None:
            package = package.with_base_image(self.base)
        return package.with_images(self.mirrors.of) if self.mirrors else package


AS_THEY_ARE = ComponentImages()
