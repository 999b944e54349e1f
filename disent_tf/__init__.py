"""disent_tf: disentangled representation learning in TensorFlow 2 and Keras 3.

gin file -> data + model -> a run folder -> scores, pictures, a SavedModel.

Importing this package is cheap: TensorFlow loads with the first subpackage that needs it.
"""

__version__ = "0.1.0"
