"""The three models. Their attributes bear the names under which Minibatch saves parameters."""

from torch import nn
from torch.nn import functional as F


class Softmax(nn.Module):
    def __init__(self):
        super().__init__()
        self.output = nn.Linear(784, 10)

    def forward(self, x):
        return self.output(x.flatten(1))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(784, 500)
        self.output = nn.Linear(500, 10)

    def forward(self, x):
        return self.output(self.hidden1(x.flatten(1)).tanh())


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.hidden1 = nn.Linear(800, 500)
        self.output = nn.Linear(500, 10)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x), 2).tanh()
        x = F.max_pool2d(self.conv2(x), 2).tanh()
        return self.output(self.hidden1(x.flatten(1)).tanh())


MODELS = {"softmax": Softmax, "mlp": Mlp, "lenet": LeNet}
